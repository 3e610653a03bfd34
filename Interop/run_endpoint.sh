#!/bin/bash
# What the interop runner's image starts: the network first, then one end of the test.
set -euo pipefail
case ${1:-} in
    -h | --help) echo "Usage: run_endpoint.sh, with the interop runner's variables: see scripts/interop-endpoint --help"; exit 0 ;;
esac
/setup.sh
[[ ${ROLE:-} != client ]] || /wait-for-it.sh sim:57832 -s -t 30
exec /opt/tern/interop-endpoint
