package mutation

import (
	"strconv"
	"strings"
	"time"
)

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func partitionOf(at time.Time) string { return "audit_events_" + at.UTC().Format("2006_01") }
