package stage

import (
	"strings"
	"testing"

	"github.com/otelaudit/otelaudit/internal/record"
)

// BenchmarkHostileText is one text of 1 MB made to be slow; bytes per second
// should not differ by orders of magnitude between them.
func BenchmarkHostileText(b *testing.B) {
	r := redactor(b, Rules{
		Paths:         []string{"payload.**.iban"},
		ValuePatterns: []string{PatternCardNumber, PatternJWT, PatternBearer, `regexp:\d\d`},
	})
	for name, unit := range map[string]string{
		"jwt": "eyJ", "jwt dots": "eyJaaaa.", "digits": "4", "cards": "4111 1111 1111 1111 ", "bearer": "bearer ", "bearers": "bearer  bearer aaaaaaa1 ",
		"open arrays": "[", "open objects": `{"a":`, "backslashes": `\`, "escapes": `\u005c`, "quotes": `"`, "escaped quotes": `\"`, "colons": ":",
		"names": `"a":`, "equals": "a=", "markers": Marker,
		"objects": "{}", "named objects": `a={}`, "no objects": "{x}", "comments": "*/:", "half comments": "/*", "percents": "%25", "nested percents": "25", "alike": "\u0430",
		"flat": `"a.0.op":"add",`, "marked digits": "[REDACTED]12", "spaces": " ",
	} {
		for _, prefix := range []string{"", "{", `"`, "x {", "x {} ", "{%"} {
			text := prefix + strings.Repeat(unit, (1<<20)/len(unit))
			b.Run(name+"/"+prefix, func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					rec := record.Record{Payload: record.StringValue(text)}
					r.Record(&rec)
				}
			})
		}
	}
}
