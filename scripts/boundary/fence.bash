# Functions of check-imports and check-archive, which source this file.
# shellcheck shell=bash

boundary=$(dirname "${BASH_SOURCE[0]}")
violations=0

# words FILE: its words, without comments.
words() {
	sed 's/#.*//' "$boundary/$1" | grep -oE '[^[:space:]]+' || true
}

# matches NAME PATTERN...
matches() {
	local name=$1 pattern
	shift
	for pattern; do
		# shellcheck disable=SC2053 # a pattern is meant
		[[ $name == $pattern ]] && return 0
	done
	return 1
}

violation() {
	echo "fence: $1" >&2
	violations=$((violations + 1))
}

# is_excepted NAME OBJECT
is_excepted() {
	grep -qE "^$1( .*)? $2( |\$)" <(sed 's/#.*//' "$boundary/exceptions")
}

# check_objects COMPONENT FILE...: what our own objects, or the members of an archive of them, import.
check_objects() {
	local component=$1 object name symbols=0
	shift
	local -A denied=()
	local patterns=() allowed=()
	while read -r name; do denied[$name]=1; done < <(words libc.deny)
	mapfile -t patterns < <(words "$component.deny")
	[[ ! -f $boundary/$component.allow ]] || mapfile -t allowed < <(words "$component.allow")
	while read -r object name; do
		symbols=$((symbols + 1))
		if [[ -v denied[$name] ]]; then
			is_excepted "$name" "$object" || violation "$object imports $name"
		elif matches "$name" "${patterns[@]}" && ! matches "$name" "${allowed[@]}"; then
			violation "$object imports $name"
		fi
	done < <(undefined_symbols "$component" "$@")
	((symbols > 0)) || violation "$component: nm found no symbols"
}

# undefined_symbols COMPONENT FILE...: lines "component/object.o name".
undefined_symbols() {
	local component=$1
	shift
	LC_ALL=C nm -A --undefined-only "$@" |
		sed -nE "s|^(.*[/:])?([^/:]+\\.o): *[Uwv] ([^@]*)(@.*)?\$|$component/\\2 \\3|p"
}

finish() {
	((violations == 0)) || exit 1
	exit 0
}
