# A session that answers one query after the other, while others do something
# else.

package Session;

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;

sub new
{
	my ($class, $node) = @_;
	my $self = bless { in => '', out => '', err => '' }, $class;
	$self->{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
		'<', \$self->{in}, '>', \$self->{out}, '2>', \$self->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$self->{pid} = $self->ask('SELECT pg_backend_pid()');
	return $self;
}

# {err} has the messages of the last query, or script for psql
sub send_query
{
	my ($self, $query) = @_;
	$self->{out} = '';
	$self->{err} = '';
	$self->{in} .= "$query;\n\\echo answered\n";
	$self->{run}->pump_nb;
}

sub answer
{
	my ($self) = @_;
	$self->{run}->pump until $self->{out} =~ /^answered$/m;
	$self->{out} =~ s/\n?answered\n//;
	return $self->{out};
}

sub ask
{
	my ($self, $query) = @_;
	$self->send_query($query);
	return $self->answer;
}

# also one whose backend was killed
sub hang_up
{
	my ($self) = @_;
	$self->{in} .= "\\q\n";
	eval { $self->{run}->finish };
}

1;
