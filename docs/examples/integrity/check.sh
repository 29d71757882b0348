#!/bin/sh
# Computes everything docs/integrity.md says about three events, with openssl and
# the usual tools. Nothing of otelaudit is used.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sha() { openssl dgst -sha256 -binary; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
node() { { printf '\001'; cat "$1" "$2"; } | sha; }

echo '1. leaf = SHA-256(0x00 || canonical record)'
for i in 0 1 2; do
  { printf '\000'; cat "record-$i.json"; } | sha >"$tmp/leaf-$i"
  echo "   leaf $i  $(hex <"$tmp/leaf-$i")"
done

echo '2. root = SHA-256(0x01 || left || right), level by level'
node "$tmp/leaf-0" "$tmp/leaf-1" >"$tmp/node-01"
node "$tmp/node-01" "$tmp/leaf-2" >"$tmp/root"
echo "   computed    $(base64 <"$tmp/root")"
echo "   checkpoint  $(sed -n 3p checkpoint)"

echo '3. origin = log name, /t- and the first 16 bytes of SHA-256(tenant)'
echo "   computed    audit.example.com/prod/t-$(printf acme | sha | head -c 16 | hex)"
echo "   checkpoint  $(sed -n 1p checkpoint)"

echo '4. key id = first 4 bytes of SHA-256(name || 0x0a || 0x01 || public key)'
sed 's/^[^+]*+[^+]*+//' log.vkey | base64 -d | tail -c 32 >"$tmp/public"
sed -n 's/^— [^ ]* //p' checkpoint | base64 -d >"$tmp/line"
echo "   computed    $({ printf 'audit.example.com/prod\n\001'; cat "$tmp/public"; } | sha | head -c 4 | hex)"
echo "   checkpoint  $(head -c 4 "$tmp/line" | hex)"

echo '5. Ed25519 over the lines in front of the empty one'
sed '/^$/,$d' checkpoint >"$tmp/text"
tail -c 64 "$tmp/line" >"$tmp/signature"
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cat "$tmp/public"; } >"$tmp/public.der"
echo "   $(openssl pkeyutl -verify -pubin -keyform DER -inkey "$tmp/public.der" -rawin -in "$tmp/text" -sigfile "$tmp/signature")"

echo '6. proof that event 1 is in the tree, without the others'
sed -n 3p proof | base64 -d >"$tmp/sibling"
sed -n 4p proof | base64 -d >"$tmp/right"
node "$tmp/sibling" "$tmp/leaf-1" >"$tmp/up"
echo "   computed    $(node "$tmp/up" "$tmp/right" | base64)"
echo "   checkpoint  $(sed -n 3p checkpoint)"

echo '7. MAC = HMAC-SHA256(key, "audit-mac/v1" || 0x00 || leaf)'
key=$(cut -d' ' -f2 mac.key | base64 -d | hex)
mac=$({ printf 'audit-mac/v1\000'; cat "$tmp/leaf-0"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64 | tr '+/' '-_' | tr -d '=')
echo "   computed    hmac-sha256:$(cut -d' ' -f1 mac.key):$mac"
echo "   event 0     $(cat mac)"
