package accessreceiver

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

// withPostgres runs the tests and stops the cluster they used, so that what is
// left after that is a leak.
type withPostgres struct{ *testing.M }

func (m withPostgres) Run() int { return storetest.Main(m.M) }

// runWithPostgres is called by the generated TestMain and does not return.
func runWithPostgres(m *testing.M) { goleak.VerifyTestMain(withPostgres{m}) }
