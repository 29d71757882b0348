package cli

import (
	"github.com/spf13/cobra"

	"github.com/otelaudit/otelaudit/internal/record"
)

const outcomeHint = "outcomes are success, failure, denied and unknown, and their aliases such as ok, error, forbidden"

func isOutcome(word string) bool {
	_, known := record.ParseOutcome(word)
	return known
}

func isDenied(word string) bool {
	outcome, _ := record.ParseOutcome(word)
	return outcome == record.OutcomeDenied
}

// completeOutcome offers the outcomes to a shell.
var completeOutcome = cobra.FixedCompletions([]cobra.Completion{
	record.OutcomeSuccess, record.OutcomeFailure, record.OutcomeDenied, record.OutcomeUnknown,
}, cobra.ShellCompDirectiveNoFileComp)
