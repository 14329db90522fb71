#!/usr/bin/env bash
# Installs kalentops into an environment of its own, with hashed pins. At the commit of a release that is the published
# wheel, by the hash in requirements/released.txt; at any other commit the action's own checkout; with VERSION
# (`1.2.0 --hash=sha256:…`) the wheel of that version. With STORES=true, what a state in PostgreSQL, S3 or Azure needs, too.
# Nothing is resolved, nothing without a hash is taken from an index, and nothing is built that an index has sent.
# Leaves `kalentops` on the PATH of the steps that follow, and nothing else.
#
# `-I`: this runs in a checkout that a stranger may have written, where a `venv.py` is not Python's own, and which a
# PYTHONPATH of the job may name.
set -euo pipefail

home="$RUNNER_TEMP/kalentops"
requirements="$GITHUB_ACTION_PATH/requirements"
pins=run
if [[ "${STORES:-}" == true ]]; then
  pins=stores
fi
released=""
if [[ -n "$VERSION" ]]; then
  if [[ ! "$VERSION" =~ ^[0-9]+(\.[0-9]+)*((a|b|rc)[0-9]+)?(\ --hash=sha256:[0-9a-f]{64})+$ ]]; then
    echo "error: the input version is not VERSION --hash=sha256:HASH, with the hash of the wheel in the release's SHA256SUMS; leave it out, and use the action's commit of that version" >&2
    exit 1
  fi
  released="kalentops==$VERSION"
elif [[ -f "$requirements/released.txt" ]]; then
  released="$(<"$requirements/released.txt")"
fi
wanted="$pins ${released:-$GITHUB_ACTION_PATH}"

# Which index or mirror packages come from, and how to get there, is the runner's affair: the hashes hold there, too.
# Whatever else its variables and files tell pip (another target, a dry run, more requirements) is not for this.
keep_only_sources() {
  local settings scope line name sources
  sources='index-url|extra-index-url|find-links|no-index|trusted-host|cert|client-cert|proxy|timeout|default-timeout|retries|keyring-provider'
  settings="$("${pip[@]}" config list)"
  for name in "${!PIP_@}"; do
    unset "$name"
  done
  for scope in global install :env:; do # the strongest last
    while IFS= read -r line; do
      if [[ "${line%$'\r'}" =~ ^$scope\.($sources)=\'(.*)\'$ ]]; then
        name="PIP_$(tr '[:lower:]-' '[:upper:]_' <<< "${BASH_REMATCH[1]}")"
        export "$name=$(printf '%b' "${BASH_REMATCH[2]}")"
      fi
    done <<< "$settings"
  done
  PIP_CONFIG_FILE="$("$python" -I -c 'import os; print(os.devnull, end="")')" # no file at all; a line's end has \r on Windows
  export PIP_CONFIG_FILE
}

python=""
for each in python3 python; do
  if "$each" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python="$each"
    break
  fi
done
if [[ -z "$python" ]]; then
  echo "error: kalentops needs Python 3.11 or later; put actions/setup-python before this action" >&2
  exit 1
fi

# A job may use the action more than once.
if [[ ! -f "$home/installed" || "$(<"$home/installed")" != "$wanted" ]]; then
  rm -rf "$home"
  "$python" -I -m venv "$home/venv"
  programs="$home/venv/bin"
  [[ -d "$programs" ]] || programs="$home/venv/Scripts"
  pip=("$programs/python" -I -m pip --disable-pip-version-check)
  keep_only_sources
  locked=(install --quiet --require-hashes --no-deps --only-binary :all:)
  "${pip[@]}" "${locked[@]}" --requirement "$requirements/$pins.txt"
  if [[ -n "$released" ]]; then
    printf '%s\n' "$released" > "$home/released.txt"
    "${pip[@]}" "${locked[@]}" --requirement "$home/released.txt"
  else
    "${pip[@]}" "${locked[@]}" --requirement "$requirements/build.txt"
    "${pip[@]}" install --quiet --no-deps --no-build-isolation "$GITHUB_ACTION_PATH"
  fi
  if ! "${pip[@]}" check >&2; then
    echo "error: the pins of this action do not fit kalentops ${VERSION%% *}; use the action's commit of that version" >&2
    exit 1
  fi
  mkdir "$home/bin"
  # By a path of its own: the environment's python and pip are nobody else's business.
  printf '#!/usr/bin/env bash\nexec "%s" -I -m kalentops "$@"\n' "$programs/python" > "$home/bin/kalentops"
  chmod +x "$home/bin/kalentops"
  if [[ "$programs" == */Scripts ]]; then # PowerShell and cmd start no program without a suffix
    printf '@"%s" -I -m kalentops %%*\r\n' "$programs/python.exe" > "$home/bin/kalentops.cmd"
  fi
  printf '%s\n' "$programs/python" > "$home/python"
  printf '%s\n' "$wanted" > "$home/installed"
fi

printf '%s\n' "$home/bin" >> "$GITHUB_PATH"
printf 'python=%s\n' "$(<"$home/python")" >> "$GITHUB_OUTPUT"
"$home/bin/kalentops" --version
