package auditquery_test

import (
	"os"
	"testing"

	"github.com/otelaudit/otelaudit/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
