# shellcheck shell=bash
#
# Shared by demo.sh and check.sh: what is missing is installed, and a private
# copy of PostgreSQL with a temporary cluster runs in a temporary directory.
#
# PostgreSQL finds its files relative to its programs.  So a directory with
# copies of the programs and links to everything else is an installation of
# its own: the extension is installed there, and neither the system's
# PostgreSQL nor any cluster is touched.

set -euo pipefail

# the newest features used are those of this version
MIN_SERVER=15

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=
APT_UPDATED=
CLUSTER_CONF=/etc/postgresql-common/createcluster.conf
CLUSTER_CONF_SAVED=

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		die "installing packages takes root or sudo; or install them yourself and try again"
	fi
}

# The server refuses to run as root, so root runs it as somebody else.
as_server()
{
	if [ "$(id -u)" -eq 0 ]; then
		runuser -u "$SERVER_USER" -- env HOME="$WORK" TMPDIR="$WORK" "$@"
	else
		env TMPDIR="$WORK" "$@"
	fi
}

##
## What has to be there
##

apt_get()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" \
		>"$APT_LOG" 2>&1 || {
		tail -n 15 "$APT_LOG" >&2
		die "apt-get $1 did not work"
	}
}

apt_install()
{
	[ $# -gt 0 ] || return 0
	have apt-get ||
		die "missing: $*. This is not Debian or Ubuntu: install them yourself and try again"
	say "Installing $*"
	APT_LOG=$(mktemp)
	if [ -z "$APT_UPDATED" ]; then
		apt_get update
		APT_UPDATED=yes
	fi
	apt_get install -y --no-install-recommends "$@"
	rm -f "$APT_LOG"
}

# whether pg_config $1 belongs to a complete PostgreSQL that is new enough
complete_server()
{
	local version
	[ -x "$1" ] || return 1
	version=$("$1" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
	[ "$version" -ge "$MIN_SERVER" ] &&
		[ -x "$("$1" --bindir)/initdb" ] &&
		[ -f "$("$1" --includedir-server)/postgres.h" ] &&
		[ -f "$("$1" --pgxs)" ]
}

# sets SYSTEM_PG_CONFIG; $PG_CONFIG has the last word
find_server()
{
	local candidate
	SYSTEM_PG_CONFIG=
	if [ -n "${PG_CONFIG:-}" ]; then
		SYSTEM_PG_CONFIG=$(command -v "$PG_CONFIG") || SYSTEM_PG_CONFIG=
		complete_server "$SYSTEM_PG_CONFIG" ||
			die "$PG_CONFIG belongs to no PostgreSQL $MIN_SERVER or later with its server and development files"
		return 0
	fi
	for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin/pg_config |
		sort -rV) "$(command -v pg_config)"; do
		if complete_server "$candidate"; then
			SYSTEM_PG_CONFIG=$candidate
			return 0
		fi
	done
	return 1
}

# Debian's server package creates and starts a cluster when it is first
# installed.  It is told not to for as long as the installation takes.
install_server()
{
	local major version pin
	apt_install postgresql-common
	major=$(apt-cache depends postgresql |
		sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p')
	[ -n "$major" ] || die "this distribution offers no PostgreSQL"
	[ "$major" -ge "$MIN_SERVER" ] ||
		die "this distribution has PostgreSQL $major; the extension needs $MIN_SERVER or later (Debian 12, Ubuntu 24.04)"

	version=$(dpkg-query -W -f '${Version}' "postgresql-$major" 2>/dev/null) ||
		version=
	if [ -n "$version" ]; then
		# the same version, so that a server in use is not upgraded
		pin="postgresql-server-dev-$major=$version"
		apt-cache show "$pin" >/dev/null 2>&1 ||
			pin="postgresql-server-dev-$major"
		apt_install "$pin"
	else
		CLUSTER_CONF_SAVED=$CLUSTER_CONF.before-autoencoder
		as_root cp -p "$CLUSTER_CONF" "$CLUSTER_CONF_SAVED"
		printf '\ncreate_main_cluster = false\n' |
			as_root tee -a "$CLUSTER_CONF" >/dev/null
		apt_install "postgresql-$major" "postgresql-server-dev-$major"
		restore_cluster_conf
	fi
	find_server || die "PostgreSQL $major was installed but is not complete"
}

restore_cluster_conf()
{
	if [ -n "$CLUSTER_CONF_SAVED" ]; then
		as_root mv "$CLUSTER_CONF_SAVED" "$CLUSTER_CONF"
		CLUSTER_CONF_SAVED=
	fi
}

# $@: more packages that the caller needs, as "command=package"
set_up()
{
	local need missing=()
	for need in make=make gcc=gcc "$@"; do
		have "${need%%=*}" || missing+=("${need#*=}")
	done
	[ -f /usr/include/stdio.h ] || missing+=(libc6-dev)
	openblas_installed || missing+=(libopenblas0-pthread)
	apt_install "${missing[@]}"
	find_server || install_server
	openblas_installed ||
		say "OpenBLAS is not where the loader looks for it: training will be slow"
}

openblas_installed()
{
	PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep 'libopenblas\.so\.0' >/dev/null
}

##
## A temporary directory with everything in it
##

# cleanup runs on every way out, Ctrl-C included
cleanup()
{
	local status=$?
	trap - EXIT INT TERM HUP
	restore_cluster_conf
	if [ -n "$WORK" ] && [ -d "$WORK" ]; then
		if [ -f "$WORK/data/postmaster.pid" ]; then
			as_server "$BIN/pg_ctl" -D "$WORK/data" -m immediate -w stop \
				>/dev/null 2>&1 ||
				say "the server of $WORK/data did not stop" >&2
		fi
		if [ -n "${KEEP:-}" ]; then
			say "Kept: $WORK"
		else
			rm -rf "$WORK"
		fi
	fi
	exit "$status"
}

trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

make_work()
{
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/autoencoder.XXXXXX")
	# a socket's path must be shorter than 108 bytes, in subdirectories too
	[ ${#WORK} -lt 75 ] || die "TMPDIR is too long for a socket: $WORK"

	SERVER_USER=$(id -un)
	if [ "$SERVER_USER" = root ]; then
		SERVER_USER=postgres
		id -u postgres >/dev/null 2>&1 || SERVER_USER=nobody
	fi
	mkdir "$WORK/src" "$WORK/socket"
	tar -C "$TOP" -cf - --exclude=./.git --exclude=./build --exclude='*.o' \
		--exclude='*.bc' --exclude='*.so' . | tar -C "$WORK/src" -xof -
	private_server
	[ "$(id -u)" -ne 0 ] || chown -hR "$SERVER_USER" "$WORK"
}

# sets PG_CONFIG and BIN to those of the private copy
private_server()
{
	local dir option
	for option in --pkglibdir --sharedir; do
		dir=$("$SYSTEM_PG_CONFIG" $option)
		mkdir -p "$WORK/root$dir"
		cp -rs "$dir/." "$WORK/root$dir/"
	done
	for option in --includedir-server --includedir --pkgincludedir; do
		dir=$("$SYSTEM_PG_CONFIG" $option)
		if [ ! -e "$WORK/root$dir" ] && [ -d "$dir" ]; then
			mkdir -p "$(dirname "$WORK/root$dir")"
			ln -s "$dir" "$WORK/root$dir"
		fi
	done
	dir=$("$SYSTEM_PG_CONFIG" --bindir)
	mkdir -p "$WORK/root$dir"
	cp "$dir"/* "$WORK/root$dir/"
	BIN=$WORK/root$dir
	export PG_CONFIG=$BIN/pg_config

	# left over from an installed extension, these would be tested in its place
	find "$WORK/root" -type l -name 'autoencoder*' -delete
}

run_make()
{
	as_server make -s -C "$WORK/src" --no-print-directory -j "$(nproc)" \
		PG_CONFIG="$PG_CONFIG" "$@"
}

# $@: lines for postgresql.conf
make_cluster()
{
	as_server "$BIN/initdb" -D "$WORK/data" -U postgres -A trust \
		--no-locale --encoding=UTF8 --data-checksums --no-sync \
		>"$WORK/initdb.log" 2>&1 || {
		cat "$WORK/initdb.log" >&2
		die "initdb did not work"
	}
	printf '%s\n' "listen_addresses = ''" \
		"unix_socket_directories = '$WORK/socket'" "fsync = off" \
		"timezone = 'UTC'" "$@" >>"$WORK/data/postgresql.conf"
}

run_cluster()
{
	as_server "$BIN/pg_ctl" -D "$WORK/data" -l "$WORK/server.log" -w start \
		>/dev/null || {
		cat "$WORK/server.log" >&2
		die "the server did not start"
	}
	unset PGSERVICE PGOPTIONS PGPASSWORD PGHOSTADDR PGSSLMODE
	export PGHOST=$WORK/socket PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	export PGAPPNAME=autoencoder PSQLRC=/dev/null
}

stop_cluster()
{
	as_server "$BIN/pg_ctl" -D "$WORK/data" -m fast -w stop >/dev/null
}

# $@: lines for postgresql.conf
start_cluster()
{
	make_cluster "$@"
	run_cluster
}
