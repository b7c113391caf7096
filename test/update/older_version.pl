# Makes an older version of the extension that never was, and the script that
# updates it: older_version.pl SCRIPT VERSION DIRECTORY
#
# It lacks about half of the objects, and has others in an older form: whatever
# an update script can change is changed once.  What an update leaves has to be
# the same as what a new installation has.

use strict;
use warnings;

my $OLD = '0.9';
# what the older version is used for
my %KEPT = (ae_train => 1, ae_anomaly_score => 1);
# from here on, all of it is new
my $NEW_FROM = qr/^CREATE FUNCTION ae_create_model\(/;

die "usage: older_version.pl SCRIPT VERSION DIRECTORY\n" if @ARGV != 3;
my ($script, $version, $directory) = @ARGV;

sub read_statements
{
	open my $in, '<', $script or die "$script: $!\n";
	local $/ = undef;
	my $text = <$in>;
	$text =~ s/^\\echo .*\n//mg;
	my @statements;
	while ($text =~ /\G((?:'(?:[^']|'')*'|--[^\n]*\n|[^';-]|-(?!-))*);/gc)
	{
		my $statement = $1;
		$statement =~ s/^(?:\s|--[^\n]*\n)+//;
		push @statements, $statement;
	}
	$text =~ /\G\s*\z/ or die "$script: not understood at " . pos($text) . "\n";
	return @statements;
}

# the first pattern that fits is what happens: an older form, and what the
# update does in addition to creating or replacing the object
sub older
{
	my ($statement, $number, $needed) = @_;
	my $old = $statement;

	if ($statement =~ /^CREATE FUNCTION (\w+)\(/)
	{
		return (undef, $statement) if $number % 5 == 0 && !$needed->{$1} && !$KEPT{$1};
		$old =~ s/COST \d+/COST 7/;
		$old =~ s/PARALLEL (SAFE|RESTRICTED)/PARALLEL UNSAFE/;
		$old =~ s/\s+SUPPORT ae_support//;
		return ($old, $statement =~ s/^CREATE/CREATE OR REPLACE/r);
	}
	if ($statement =~ /^CREATE AGGREGATE (\w+)/)
	{
		return (undef, $statement) if $number % 2 == 0 && !$KEPT{$1};
		$old =~ s/SSPACE = \d+/SSPACE = 99/;
		$old =~ s/,\s+PARALLEL = \w+//;
		return ($old, $statement =~ s/^CREATE/CREATE OR REPLACE/r);
	}
	if ($statement =~ /^CREATE VIEW/)
	{
		$old =~ s/,\s+v\.note//;
		return ($old, $statement =~ s/^CREATE/CREATE OR REPLACE/r);
	}
	if ($statement =~ /^CREATE TABLE ae_model_version/)
	{
		$old =~ s/,\s+note text// or die "no column note\n";
		return ($old, 'ALTER TABLE ae_model_version ADD note text');
	}
	if ($statement =~ /^CREATE TYPE ae_drift_line/)
	{
		$old =~ s/,\s+ks double precision// or die "no attribute ks\n";
		return ($old, 'ALTER TYPE ae_drift_line ADD ATTRIBUTE ks double precision');
	}
	if ($statement =~ /^CREATE POLICY (\w+) ON (\w+)/)
	{
		my $drop = "DROP POLICY $1 ON $2";
		$old =~ s/USING .*/USING (false)/s;
		return ($old, $drop, $statement);
	}
	if ($statement =~ /^COMMENT ON/)
	{
		$old =~ s/ IS\s.*/ IS 'old'/s;
		return ($old, $statement);
	}
	return (undef, $statement) if $statement =~ /^(GRANT|ALTER TABLE)/;
	return ($statement);
}

# what is created, as a comment names it
sub created
{
	my ($statement) = @_;

	return $statement =~ /^CREATE \w+ (\w+)/ ? $1 : '';
}

my @statements = read_statements();
my $cut;
my %needed;
for my $i (0 .. $#statements)
{
	if ($statements[$i] =~ $NEW_FROM)
	{
		$cut = $i;
		last;
	}
	# names within other objects than functions, and those of their support
	my $uses = $statements[$i];
	next if $uses =~ /^COMMENT/;
	$uses =~ s/^CREATE FUNCTION .*?(SUPPORT|\z)/$1/s;
	$uses =~ s/^CREATE AGGREGATE \w+//;
	$needed{$1} = 1 while $uses =~ /\b(ae_\w+)/g;
}
die "$script: where is what is new?\n" unless $cut;

my (@old, @update, %missing);
for my $i (0 .. $#statements)
{
	my ($old, @new) = (undef, $statements[$i]);
	if ($i < $cut)
	{
		($old, @new) = older($statements[$i], $i, \%needed);
		$missing{ $1 } = 1
		  if !defined $old
		  && $statements[$i] =~ /^CREATE (?:FUNCTION|AGGREGATE) (\w+)/;
		# no comment on what is not there
		$old = undef
		  if $statements[$i] =~ /^COMMENT ON \w+ (\w+)/ && $missing{$1};
	}
	push @old, $old if defined $old;
	push @update, @new;
}

sub write_script
{
	my ($name, @lines) = @_;

	open my $out, '>', "$directory/$name" or die "$directory/$name: $!\n";
	print $out "$_;\n" foreach @lines;
	close $out or die "$directory/$name: $!\n";
}

write_script("autoencoder--$OLD.sql", @old);
write_script("autoencoder--$OLD--$version.sql", @update);
printf "%d of %d statements, %d in the update\n", scalar @old,
  scalar @statements, scalar @update;
