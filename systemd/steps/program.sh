# The program: built, copied whole into a folder of its own beside the one that runs, and switched to by one rename.

installed_prefix() {
  if ((live)) && [[ -e $unfinished/former ]]; then
    cat "$unfinished/prefix"
    return
  fi
  local unit=$unit_folder/pitcrew-exporter.service prefix=''
  [[ ! -e $unit ]] || prefix=$(sed -n 's#^ExecStart=.* \(/.*\)/current/dist/pitcrew\.js .*#\1#p' "$unit")
  echo "${prefix:-/opt/pitcrew}"
}

build_program() {
  step "The program"
  # A release has no set-up scripts: it comes built.
  if [[ -e $source_root/setup/build.mjs ]]; then
    local owner as_owner=()
    owner=$(stat -c %U "$source_root")
    # A checkout stays its owner's, and nothing of npm runs as root that need not.
    if ((EUID == 0)) && [[ $owner != root ]]; then as_owner=(runuser -u "$owner" --); fi
    act "build $source_root, if anything changed" "${as_owner[@]}" "$node" "$source_root/setup/build.mjs" ||
      fail "the build failed, see above: mend it, or check out a version that builds"
  fi
  ((dry)) || [[ -e $source_root/dist/pitcrew.js ]] || fail "$source_root/dist is missing: run npm run build there first"
}

# What the package consists of.
package_files() {
  "$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).files.concat("package.json", "LICENSE").join("\n")' \
    "$source_root/package.json"
}

# The libraries that it needs at run time, as package-lock.json has them; a release brings only these.
libraries() {
  [[ -d $source_root/node_modules ]] || fail "$source_root/node_modules is missing: run npm ci there first"
  "$node" - "$source_root" <<'SCRIPT'
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const [root] = process.argv.slice(2);
const lock = `${root}/package-lock.json`;
const names = existsSync(lock)
  ? Object.entries(JSON.parse(readFileSync(lock, "utf8")).packages)
      .filter(([path, entry]) => /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && !entry.dev && !entry.devOptional)
      .filter(([path, entry]) => existsSync(`${root}/${path}`) || !entry.optional)
      .map(([path]) => path)
  : readdirSync(`${root}/node_modules`).map((name) => `node_modules/${name}`);
console.log(names.join("\n"));
SCRIPT
}

stage_program() {
  local files libraries hash revision
  mapfile -t files < <(package_files)
  hash=$(cd "$source_root" && find "${files[@]}" -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
  program=$("$node" -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).version' "$source_root/package.json")-${hash:0:12}
  if [[ -d $program_folder/versions/$program ]]; then
    say "  version $program is there already"
    return 0
  fi
  act "copy version $program to $PREFIX/versions/$program" true
  ((!dry)) || return 0
  local next=$program_folder/versions/.next
  rm -rf "$next"
  mkdir -p "$next"
  mapfile -t libraries < <(libraries)
  ((${#libraries[@]} > 0)) || fail "the libraries could not be found in $source_root/node_modules: run npm ci there"
  (cd "$source_root" && cp -R --parents "${files[@]}" "${libraries[@]}" "$next/") ||
    fail "the program could not be copied to $next: is the disk full?"
  find "$next" \( -name __pycache__ -o -name .bin \) -prune -exec rm -rf {} +
  revision=$(git -c safe.directory='*' -C "$source_root" rev-parse --short HEAD 2>/dev/null || true)
  [[ -z $revision ]] || printf '{"revision": "%s"}\n' "$revision" >"$next/build-info.json"
  chmod -R u=rwX,go=rX "$next"
  ((!live)) || chown -R root:root "$next"
  "$node" "$next/dist/pitcrew.js" --version >/dev/null || fail "the new version does not run, see above: build it again"
  record staged "$program"
  staged+=("$program")
  mv -T "$next" "$program_folder/versions/$program"
}

# The version that is being installed; in a dry run, where it comes from.
pitcrew() {
  local root=$program_folder/versions/$program
  [[ -d $root ]] || root=$source_root
  "$node" "$root/dist/pitcrew.js" "$@"
}

switch_program() {
  [[ $(readlink "$program_folder/current") != "versions/$program" ]] || return 0
  step "The switch"
  record restarting yes
  act "$PREFIX/current becomes ${former:+$former → }$program" point_current_to "$program"
  switched=1
}

point_current_to() {
  ln -sfn "versions/$1" "$program_folder/current.next"
  mv -fT "$program_folder/current.next" "$program_folder/current"
}

undo_switch() {
  if ((switched || interrupted)); then
    if [[ -n $former ]]; then point_current_to "$former"; else rm -f "$program_folder/current"; fi
  fi
  local folder
  for folder in "${staged[@]}"; do
    [[ -z $folder || $folder == "$former" ]] || rm -rf "$program_folder/versions/$folder"
  done
  rmdir "$program_folder/versions" "$program_folder" 2>/dev/null || true
}

# The version of before stays until the next upgrade: its daemons may still be reading from it.
prune_programs() {
  ((!dry)) || return 0
  local folder
  for folder in "$program_folder"/versions/*; do
    case ${folder##*/} in "$program" | "$former") ;; *) rm -rf "$folder" ;; esac
  done
}
