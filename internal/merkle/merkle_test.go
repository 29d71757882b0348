package merkle_test

import (
	"encoding/base64"

	"github.com/otelaudit/otelaudit/internal/merkle"
)

func base64Of(h merkle.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }
