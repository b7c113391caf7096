#!/bin/sh
# Every message of an error or warning is provoked by some test: it occurs in
# expected/*.out or in a TAP test.  test/messages.allow lists, one format
# string a line, those that no test can provoke; '#' starts a comment.
set -u
cd "$(dirname "$0")/.." || exit 1

exec perl - <<'PERL'
use strict;
use warnings;

sub slurp
{
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!\n";
	local $/;
	return scalar <$in>;
}

my %allowed = map { $_ => 0 }
  grep { /\S/ && !/^#/ } split(/\n/, slurp('test/messages.allow'));
my $shown = join("\n", map { slurp($_) } glob('expected/*.out test/t/*.pl'));
my $failed = 0;

foreach my $file (glob('src/*.c'))
{
	my $code = slurp($file);

	# errmsg("..." "...", and both forms of errmsg_plural
	while ($code =~
		/\berrmsg(?:_plural)?\s*\(\s*((?:"(?:[^"\\]|\\.)*"[\s,]*)+)/g)
	{
		my $line = 1 + (substr($code, 0, $-[0]) =~ tr/\n//);
		my @forms = map { join('', /"((?:[^"\\]|\\.)*)"/g) }
		  split(/(?<=")\s*,\s*(?=")/, $1);

		foreach my $format (@forms)
		{
			(my $text = $format) =~ s/\\(.)/$1/g;
			if (exists $allowed{$text})
			{
				$allowed{$text} = 1;
				next;
			}
			my $pattern = join('.*',
				map { quotemeta }
				  split(/%[-+ #0-9.*]*(?:hh|h|ll|l|z|m)?[a-zA-Z]/, $text, -1));
			next if $text =~ /[a-z]{3}/ && $shown =~ /$pattern/;
			print "$file:$line: no test provokes \"$text\"\n";
			$failed = 1;
		}
	}
}

foreach my $text (grep { !$allowed{$_} } sort keys %allowed)
{
	print "test/messages.allow: no message says \"$text\"\n";
	$failed = 1;
}
exit $failed;
PERL
