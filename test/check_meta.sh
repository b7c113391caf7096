#!/bin/sh
# META.json has what PGXN's meta specification 1.0.0 requires, and names files
# that exist.
set -u
cd "$(dirname "$0")/.." || exit 1

exec perl - <<'PERL'
use strict;
use warnings;
use JSON::PP;

open(my $in, '<', 'META.json') or die "META.json: run make META.json: $!\n";
local $/;
my $meta = decode_json(<$in>);
my @wrong;

foreach my $key (qw(name version abstract maintainer license provides
	meta-spec))
{
	push @wrong, "$key is missing" unless defined $meta->{$key};
}
my $extension = $meta->{provides}{autoencoder}
  or push @wrong, 'provides.autoencoder is missing';
foreach my $version ($meta->{version}, $extension->{version},
	$meta->{'meta-spec'}{version})
{
	push @wrong, "\"$version\" is no semantic version"
	  unless $version =~ /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-a-zA-Z]\S*)?$/;
}
foreach my $file (@{$extension}{qw(file docfile)})
{
	push @wrong, "$file does not exist" unless -f $file;
}
push @wrong, "the licence is not postgresql"
  unless $meta->{license} eq 'postgresql';
push @wrong, "\"$meta->{release_status}\" is no release status"
  unless $meta->{release_status} =~ /^(stable|testing|unstable)$/;

print "META.json: $_\n" foreach @wrong;
exit(@wrong ? 1 : 0);
PERL
