// Package oldstore holds stores and journals as earlier versions wrote them, and
// tests that they are readable, verifiable and writable for ever after:
//
//   - testdata/store-v0 is from the version before the signed log: commits have
//     neither root nor note.
//   - testdata/store-v1 is from the first version with it: records with every
//     awkward value, MACs, a rotated key, a lost tail and the epoch after it, a
//     prune, quarantined records; with a journal, anchors and a trust file.
//
// A store is a dump of the whole database by pg_dump, so its schema is of that
// version, too. Fixtures are never edited or made anew: when a format changes, a
// new one is added beside them, by
//
//	go test ./testbed/oldstore -run TestWriteFixture -write testdata/store-v2
package oldstore
