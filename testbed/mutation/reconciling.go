package mutation

import (
	"github.com/otelaudit/otelaudit/internal/reconcile"
	"github.com/otelaudit/otelaudit/internal/verify"
)

// What `otelaudit reconcile` says, beside the words of `otelaudit verify`.
const (
	onlyInJournal = verify.Kind(reconcile.OnlyInJournal)
	onlyInStore   = verify.Kind(reconcile.OnlyInStore)
	altered       = verify.Kind(reconcile.Altered)
	unconfirmed   = verify.Kind(reconcile.Unconfirmed)
	macRemoved    = verify.Kind(reconcile.MACRemoved)
	macExchanged  = verify.Kind(reconcile.MACExchanged)
	onlyRefused   = verify.Kind(reconcile.QuarantineMissing)
	refused       = verify.Kind("no journal: exit 2")
	notAuditor    = verify.Kind("the login does not see every tenant: exit 2") // of verify, too
)
