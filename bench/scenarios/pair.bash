# What the scenarios of two sites share: two sekishod on loopback with an issuer and a load, in $dir, each with its
# own certificate. To be sourced; needs $bin, the folder of the programs, and $rate. Must not know what is compared.

catch_up=${CATCH_UP:-16MiB}
dir=$(mktemp -d)
running=()
end() {
    kill "${running[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    running=()
}
trap 'end; rm -rf "$dir"' EXIT

alike=(--dialect iso93-ascii --framing ascii4)
cores=$(nproc)
last=$((cores - 1))
under_test=() beside=()
if ((cores > 1)); then under_test=(taskset -c "$last") beside=(taskset -c "0-$((last - 1))"); fi
pace=(--window 8)
((rate == 0)) || pace=(--rate "$rate")

sign() { openssl "$@" 2> "$dir/openssl" || { cat "$dir/openssl" >&2; exit 1; }; }
sign req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj "/CN=two sites" \
    -keyout "$dir/authority.key" -out "$dir/authority.crt"
for node in tokyo osaka; do
    sign req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=$node" \
        -keyout "$dir/$node.key" -out "$dir/$node.csr"
    sign x509 -req -in "$dir/$node.csr" -CA "$dir/authority.crt" -CAkey "$dir/authority.key" -days 2 \
        -extfile <(printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$node") \
        -out "$dir/$node.crt"
done
head -c 32 /dev/urandom > "$dir/journal.key"

# configuration NODE PEER PLACE MODE: its file.
configuration() {
    local node=$1 peer=$2 place=$3 mode=$4
    mkdir -p "$dir/$node"
    cat > "$dir/$node/sekisho.toml" <<TOML
[node]
name = "$node"
institution = "49000000001"
state = "$dir/$node/state"
workers = 1

[journal]
sync = "$mode"
key = "$dir/journal.key"

[control]
socket = "$dir/$node/control.sock"

[[station]]
name = "acquirer"
role = "acquirer"
institution = "77334000001"
dialect = "iso93-ascii"
framing = "ascii4"
listen = ["127.0.0.1:7201"]

[[station]]
name = "issuer"
role = "issuer"
institution = "49711000001"
dialect = "iso93-ascii"
framing = "ascii4"
connect = ["127.0.0.1:8201"]
links = 4
echo = "off"

[[route]]
pan = "353011"
to = ["issuer"]
TOML
    [[ $mode == local ]] || cat >> "$dir/$node/sekisho.toml" <<TOML

[peer]
name = "$peer"
$place = ["127.0.0.1:7202"]
catch_up = "$catch_up"
certificate = "$dir/$node.crt"
key = "$dir/$node.key"
authority = "$dir/authority.crt"
TOML
}

ask() { "$bin/sekisho" node "${@:2}" --socket "$dir/$1/control.sock"; }
# is NODE WORD: its status has it.
is() { ask "$1" status -o json 2>/dev/null | grep -q "$2"; }
# until_so WHAT COMMAND...: looks again for half a minute.
until_so() {
    for _ in $(seq 300); do
        if "${@:2}"; then return; fi
        sleep 0.1
    done
    echo "waited in vain for $1" >&2
    tail -5 "$dir"/*/log >&2
    exit 1
}
# spent PID: nanoseconds of all its threads.
spent() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }
# commit NODE: the median of its commits in us.
commit() {
    "$bin/sekisho" status -o json --socket "$dir/$1/control.sock" | grep -o '"commit_p50_us":[0-9]*' | cut -d: -f2 || true
}
field() { grep -o "\"$2\":[0-9.]*" "$1" | head -1 | cut -d: -f2; }
# sends SECONDS: a load; every answer must be right.
sends() {
    "${beside[@]}" "$bin/sekisho-bench" load --target 127.0.0.1:7201 "${alike[@]}" --pan 3530111333300000 \
        -c 64 "${pace[@]}" --duration "$1" --warmup 0 -o json > "$dir/load" 2> "$dir/load.errors"
}
issuer_is_there() { "$bin/sekisho" status -o json --socket "$dir/tokyo/control.sock" 2>/dev/null | grep -q '"links_ready":4'; }

# median: of the numbers that come in.
median() { sort -n | awk '{ all[NR] = $1 } END { print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'; }
# of MODE COLUMN: its figures in their order, one a pair.
of() { awk -v mode="$1" -v column="$2" '$1 == mode { print $column }' "$dir/runs"; }
