package record

import "testing"

func TestParseStoredReadsNumbersAsJsonbWritesThem(t *testing.T) {
	for stored, want := range map[string]string{
		`1000000000000000000000`: `1e+21`,
		`17976931348623157` + "0000000000000000000000000000000000000000000000000000000000000000000000000000000000" +
			"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" +
			"0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" +
			"0000000000": `1.7976931348623157e+308`,
		`[0.0000001, 129.50]`: `[1e-7,129.5]`,
		`{"b": 1, "a": "2"}`:  `{"a":"2","b":1}`,
	} {
		v, err := ParseStored(stored)
		if err != nil {
			t.Fatalf("%.40s: %v", stored, err)
		}
		if got := string(v.AppendJSON(nil)); got != want {
			t.Errorf("%.40s: got %s, want %s", stored, got, want)
		}
	}
	for _, broken := range []string{`1e999`, `{} {}`, `{"a":`, ``} {
		if v, err := ParseStored(broken); err == nil {
			t.Errorf("%q: accepted as %s", broken, v.AppendJSON(nil))
		}
	}
}
