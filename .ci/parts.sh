# Sourced by bash: runs the parts of a check one after the other, and tells at the end what became of each.
#
#   part NAME COMMAND...                 what fails ends the run, with its status
#   part_if_it_can_be NAME COMMAND...    the same, but with status 3 it could not be checked, and the run goes on
#   left_out NAME WHY                    is not run here
#
# The summary comes in any case, with the seconds that each part took: also where a part fails, or the run is broken off.

parts=()

part() { _part "$1" never "${@:2}"; }

part_if_it_can_be() { _part "$1" 3 "${@:2}"; }

left_out() { parts+=("$(printf '%-12s %5s    %s: %s' 'LEFT OUT' - "$1" "$2")"); }

_part() {
  local name=$1 unchecked=$2 began=$SECONDS status=0 verdict
  printf '\n== %s\n' "$name"
  "${@:3}" || status=$?
  case $status in
    0) verdict=passed ;;
    "$unchecked") verdict='NOT CHECKED' ;;
    *) verdict="FAILED ($status)" ;;
  esac
  parts+=("$(printf '%-12s %5d s  %s' "$verdict" $((SECONDS - began)) "$name")")
  [ "$verdict" != "FAILED ($status)" ] || exit "$status"
}

_summary() {
  local status=$?
  printf '\n== summary, after %d s\n' "$SECONDS"
  [ ${#parts[@]} = 0 ] || printf '%s\n' "${parts[@]}"
  [ "$status" = 0 ] || printf 'It ends here, with status %d.\n' "$status"
  exit "$status"
}
trap _summary EXIT
