#!/usr/bin/env bash
# Runs all tests on every supported major version of PostgreSQL.
#
#   scripts/matrix.sh [-d DIRECTORY] [SUITE...|upgrade]
#
# Each suite of Debian brings its own server, compilers and libraries: by
# default bookworm (PostgreSQL 15), trixie (17) and sid (18).  A suite is
# installed into a chroot below the directory, from the package sources that
# this machine is configured with, and is kept there for the next run.  With
# "upgrade" one chroot gets the servers of all suites, for scripts/upgrade.sh.
# Takes root.  The last line is "N passed, N failed" over all suites, and the exit
# status is 0 only if none failed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# what a chroot has beside what check.sh installs by itself
EXTRAS='apt-utils ca-certificates procps'
SUITES='bookworm trixie sid'

directory=$TOP/build/matrix
passed=0
failed=0
mounted=()

usage()
{
	sed -n '4s/^# *//p' "$0" >&2
	exit 2
}

# the archive that this machine takes its packages from
archive()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep '/debian/*$' | head -n 1
}

mount_at()
{
	mountpoint -q "$3" || {
		mount -t "$1" "$2" "$3"
		mounted+=("$3")
	}
}

unmount()
{
	local i
	for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do
		umount -l "${mounted[$i]}" || :
	done
	mounted=()
}

# $1: suite, $2: where
make_chroot()
{
	local setting
	if [ ! -e "$2/.complete" ]; then
		rm -rf "$2"
		mkdir -p "$2"
		debootstrap --variant=minbase "$1" "$2" "$(archive)" \
			>"$2.log" 2>&1 || {
			tail -n 5 "$2.log" >&2
			return 1
		}
		for setting in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
			# how packages are reached, not what is done with them
			if [ -f "$setting" ] && grep -q '^Acquire' "$setting"; then
				cp "$setting" "$2/etc/apt/apt.conf.d/"
			fi
		done
		touch "$2/.complete"
	fi
	mount_at proc proc "$2/proc"
	mount_at tmpfs tmpfs "$2/dev/shm"
}

in_chroot()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive chroot "$@"
}

# $1: where; the server, so that pgvector can be chosen to fit it
install_packages()
{
	# shellcheck disable=SC2016
	in_chroot "$1" env EXTRAS="$EXTRAS" sh -c '
		apt-get -q update &&
		apt-get -q install -y --no-install-recommends $EXTRAS &&
		major=$(apt-cache depends postgresql |
			sed -n "s/.*Depends: postgresql-\([0-9]*\)$/\1/p") &&
		if apt-cache show "postgresql-$major-pgvector" >/dev/null 2>&1; then
			apt-get -q install -y --no-install-recommends postgresql-common &&
			echo create_main_cluster = false \
				>>/etc/postgresql-common/createcluster.conf &&
			apt-get -q install -y --no-install-recommends \
				"postgresql-$major" "postgresql-$major-pgvector"
		fi' >>"$1.log" 2>&1
}

# $1: where; the servers of all suites.  The development packages are only
# unpacked: they want a compiler each, which would be in the way of the others.
install_servers()
{
	local suite
	for suite in $SUITES; do
		echo "deb $(archive) $suite main"
	done >"$1/etc/apt/sources.list"
	# shellcheck disable=SC2016
	in_chroot "$1" env EXTRAS="$EXTRAS" sh -ec '
		apt-get -q update
		apt-get -q install -y --no-install-recommends $EXTRAS \
			postgresql-common
		echo create_main_cluster = false \
			>>/etc/postgresql-common/createcluster.conf
		cd /tmp
		for package in $(apt-cache search --names-only \
			"^postgresql-server-dev-[0-9]+\$" | cut -d" " -f1); do
			apt-get -q install -y --no-install-recommends \
				"postgresql-${package##*-}"
			apt-get -q download "$package"
			dpkg -x "$package"_*.deb /
			rm "$package"_*.deb
		done' >>"$1.log" 2>&1
}

# $1: suite, or "upgrade"
install_suite()
{
	local where=$directory/$1
	if [ "$1" = upgrade ]; then
		make_chroot "${SUITES##* }" "$where" && install_servers "$where"
	else
		make_chroot "$1" "$where" && install_packages "$where"
	fi
}

# $1: suite, or "upgrade"
check_suite()
{
	local where=$directory/$1 script=check.sh counts status=0
	[ "$1" != upgrade ] || script=upgrade.sh
	say "==== $1"
	if ! install_suite "$1"; then
		say "$1 could not be installed; see $where.log"
		failed=$((failed + 1))
		unmount
		return 0
	fi
	rm -rf "$where/src"
	mkdir "$where/src"
	tar -C "$TOP" -cf - --exclude=./.git --exclude=./build --exclude='*.o' \
		--exclude='*.bc' --exclude='*.so' . | tar -C "$where/src" -xof -
	in_chroot "$where" bash "/src/scripts/$script" 2>&1 |
		tee "$where.check" || status=$?
	counts=$(tail -n 1 "$where.check" |
		sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
	if [ -z "$counts" ]; then
		counts="0 1"
	elif [ "$status" -ne 0 ] && [ "${counts#* }" -eq 0 ]; then
		counts="${counts% *} 1"
	fi
	passed=$((passed + ${counts% *}))
	failed=$((failed + ${counts#* }))
	unmount
}

while getopts d: option; do
	case $option in
		d) directory=$(mkdir -p "$OPTARG" && cd "$OPTARG" && pwd) ;;
		*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ "$(id -u)" -eq 0 ] || die "a chroot takes root"
have apt-get || die "this is not Debian: there is nothing to make a chroot from"
have debootstrap || apt_install debootstrap
mkdir -p "$directory"
trap 'unmount; cleanup' EXIT

# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $SUITES
for suite in "$@"; do
	check_suite "$suite"
done
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
