package access_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelaudit/otelaudit/internal/access"
)

func TestAdmission(t *testing.T) {
	for action, want := range map[string]bool{
		"audit.read.list": true, "audit.hold.add": true, "audit.retention.set": true, "audit.quarantine.discard": true,
		"audit.quarantine.prune": true, "audit.access.set": true, "audit.identities.prune": true, "audit.prune.complete": true,
		"audit.prune": false, "audit.prune.": false, "audit.prune.completed": false, "audit.prunes": false, "audit.read.": false,
		"audit.read": false, "audit.reads.list": false, "audit.epoch.open": false, "audit.key.add": false, "": false, "Audit.read.list": false, "\taudit.read.list": false,
	} {
		assert.Equal(t, want, access.IsAdmitted(action), action)
	}
}
