#!/bin/sh
# Runs every ```sql block of README.md, docs/dba.md and docs/variants.md (or of
# the files named), in order, in one new database per file, and compares what
# psql prints with the ```text block that follows, if one does.  Prints TAP.
# PGHOST and so on name the server, and PG_CONFIG its programs.
set -u
cd "$(dirname "$0")/.." || exit 1
BIN=$("${PG_CONFIG:-pg_config}" --bindir) || exit 1
export BIN
[ $# -gt 0 ] || set -- README.md docs/dba.md docs/variants.md

exec perl - "$@" <<'PERL'
use strict;
use warnings;
use File::Temp qw(tempfile);

my $bin = $ENV{BIN};
my $test = 0;
my $failed = 0;

sub report
{
	my ($passed, $name, $why) = @_;
	$test++;
	$failed++ unless $passed;
	print $passed ? "ok $test - $name\n" : "not ok $test - $name\n";
	print map { "# $_\n" } split(/\n/, $why) unless $passed;
}

# the blocks of a file: [line number, language, text]
sub blocks
{
	my ($file) = @_;
	my @blocks;
	my $open;
	open(my $in, '<', $file) or die "$file: $!\n";
	while (my $line = <$in>)
	{
		if (!$open && $line =~ /^```(\w*)/)
		{
			$open = [ $., $1, '' ];
		}
		elsif ($open && $line =~ /^```/)
		{
			push @blocks, $open;
			$open = undef;
		}
		elsif ($open)
		{
			$open->[2] .= $line;
		}
	}
	die "$file: the last block is open\n" if $open;
	return @blocks;
}

sub plain
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+|\n+\z//g;
	return $text;
}

foreach my $file (@ARGV)
{
	my @blocks = blocks($file);
	my $database = 'readme';
	system("$bin/dropdb", '--if-exists', $database) == 0
	  && system("$bin/createdb", $database) == 0
	  or die "createdb did not work\n";

	# one session for the whole file; marks separate the blocks' output
	my $script = '';
	foreach my $i (grep { $blocks[$_][1] eq 'sql' } 0 .. $#blocks)
	{
		$script .= "\\echo \@\@\@ $i\n$blocks[$i][2]\n";
	}
	my ($out, $path) = tempfile(UNLINK => 1, SUFFIX => '.sql');
	print $out $script;
	close($out);
	my $printed =
	  `"$bin/psql" -X -q -d $database -f "$path" 2>&1`;

	my %printed = ('' => split(/^\@\@\@ (\d+)\n/m, $printed));
	foreach my $i (grep { $blocks[$_][1] eq 'sql' } 0 .. $#blocks)
	{
		my $name = "$file, line $blocks[$i][0]";
		my $got = plain($printed{$i} // '');
		my $next = $blocks[ $i + 1 ];

		$got =~ s/^psql:\Q$path\E:\d+: //mg;
		if ($next && $next->[1] eq 'text')
		{
			my $want = plain($next->[2]);
			report($got eq $want, $name, "printed:\n$got\nexpected:\n$want");
		}
		else
		{
			report($got !~ /^(ERROR|FATAL|PANIC): /m, $name, $got);
		}
	}
	system("$bin/dropdb", $database);
}
print "1..$test\n";
exit($failed || !$test ? 1 : 0);
PERL
