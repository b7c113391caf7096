# The files that a node has only while statements run.

package Files;

use strict;
use warnings;

use Exporter 'import';
our @EXPORT = qw(segments temporary_files);

# how many segments of dynamic shared memory, with mmap as their type
sub segments
{
	my ($node) = @_;
	my @files = glob($node->data_dir . '/pg_dynshmem/*');
	return scalar @files;
}

sub temporary_files
{
	my ($node) = @_;
	my @files = glob($node->data_dir . '/base/pgsql_tmp/*');
	return scalar @files;
}

1;
