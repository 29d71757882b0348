package auditconnector

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkConsumeLogs(b *testing.B) {
	for _, word := range []string{"plain", "event"} {
		for _, audit := range []AuditRecords{AuditRecordsBoth, AuditRecordsAuditOnly} {
			b.Run(fmt.Sprintf("1000 records %s %s", word, audit), func(b *testing.B) {
				s := newService(b, func(cfg *Config) {
					cfg.Required, cfg.BestEffort = cfg.Required[:1], nil
					cfg.AuditRecords = audit
				})
				ld := request(slices.Repeat([]string{word}, 1000)...)
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, s.connector.ConsumeLogs(b.Context(), ld))
					s.audit.got, s.app.got = nil, nil
				}
			})
		}
	}
}
