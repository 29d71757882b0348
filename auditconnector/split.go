package auditconnector

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/otlpmap"
)

// samplerKeep is the one value that makes a probabilistic_sampler keep a log
// record for certain: exactly 100, and a number.
const samplerKeep = 100

// countAudit counts the audit records of a request, quarantined ones included.
func countAudit(ld plog.Logs) int {
	count := 0
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				if otlpmap.IsAudit(lr) {
					count++
				}
			}
		}
	}
	return count
}

// selectAudit copies the audit records of a request, each under a copy of its
// resource and scope.
func selectAudit(ld plog.Logs) plog.Logs {
	audit := plog.NewLogs()
	for _, rl := range ld.ResourceLogs().All() {
		var toResource plog.ResourceLogs
		resourceCopied := false
		for _, sl := range rl.ScopeLogs().All() {
			var to plog.LogRecordSlice
			scopeCopied := false
			for _, lr := range sl.LogRecords().All() {
				if !otlpmap.IsAudit(lr) {
					continue
				}
				if !resourceCopied {
					toResource = audit.ResourceLogs().AppendEmpty()
					rl.Resource().CopyTo(toResource.Resource())
					toResource.SetSchemaUrl(rl.SchemaUrl())
					resourceCopied = true
				}
				if !scopeCopied {
					toScope := toResource.ScopeLogs().AppendEmpty()
					sl.Scope().CopyTo(toScope.Scope())
					toScope.SetSchemaUrl(sl.SchemaUrl())
					to, scopeCopied = toScope.LogRecords(), true
				}
				lr.CopyTo(to.AppendEmpty())
			}
		}
	}
	return audit
}

// prepareCopies makes of a request what goes down the rest besides the ordinary
// records: events marked for the sampler. Quarantined records are taken out;
// why a record is in quarantine concerns those who read the quarantine.
func prepareCopies(ld plog.Logs, samplingAttribute string) {
	removeRecords(ld, func(lr plog.LogRecord) bool {
		if !otlpmap.IsAudit(lr) {
			return false
		}
		if _, quarantined := otlpmap.QuarantineMarkOf(lr); quarantined {
			return true
		}
		if samplingAttribute != "" {
			lr.Attributes().PutDouble(samplingAttribute, samplerKeep)
		}
		return false
	})
}

// removeRecords also removes the scopes and resources that it empties.
func removeRecords(ld plog.Logs, remove func(plog.LogRecord) bool) {
	ld.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
		rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
			sl.LogRecords().RemoveIf(remove)
			return sl.LogRecords().Len() == 0
		})
		return rl.ScopeLogs().Len() == 0
	})
}

func clone(ld plog.Logs) plog.Logs {
	c := plog.NewLogs()
	ld.CopyTo(c)
	return c
}
