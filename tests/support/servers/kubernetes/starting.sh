# Sourced: programs in the background that end with this shell, and waiting for what they do.
trap 'kill -KILL $(jobs -p) 2>/dev/null; wait' EXIT
trap 'exit 0' TERM INT

start() { # NAME COMMAND...
  local name=$1
  shift
  setpriv --pdeathsig KILL "$@" >"$DIR/$name.log" 2>&1 </dev/null &
}

until_true() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "never true: $*" >&2; return 1; }
    sleep 0.1
  done
}

first_to_end() { # wait; a program that ends by itself is a mistake
  wait -n
  echo "one of the programs ended: see the logs in $DIR" >&2
  exit 1
}
