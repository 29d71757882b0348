package cli

import (
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
)

const outcomeHint = "outcomes are success, failure, denied and unknown, and their aliases such as ok, error, forbidden"

// parseOutcome folds the aliases of the record into the stored word.
func parseOutcome(word string) (string, bool) {
	switch strings.ToLower(word) {
	case "success", "ok":
		return record.OutcomeSuccess, true
	case "failure", "failed", "error":
		return record.OutcomeFailure, true
	case "denied", "deny", "forbidden":
		return record.OutcomeDenied, true
	case "unknown":
		return record.OutcomeUnknown, true
	}
	return "", false
}

func isOutcome(word string) bool {
	_, ok := parseOutcome(word)
	return ok
}

func isDenied(word string) bool {
	outcome, ok := parseOutcome(word)
	return ok && outcome == record.OutcomeDenied
}
