package record

import "strings"

// ParseOutcome folds the word an application uses for an outcome into one of
// the Outcome constants, in any letter case. known is false for a word that is
// none of ours; the outcome is then OutcomeUnknown.
func ParseOutcome(word string) (outcome string, known bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "success", "ok":
		return OutcomeSuccess, true
	case "failure", "failed", "error":
		return OutcomeFailure, true
	case "denied", "deny", "forbidden":
		return OutcomeDenied, true
	case "unknown":
		return OutcomeUnknown, true
	default:
		return OutcomeUnknown, false
	}
}

// SetOutcome takes the outcome as it was sent. What is not one of the four
// words exactly is kept in Original; nothing at all, and what no rule knows,
// is OutcomeUnknown with a flag. It is never inferred from anything else.
func (r *Record) SetOutcome(sent Value) {
	if sent.IsAbsent() || sent.kind == Null || sent.kind == String && strings.TrimSpace(sent.str) == "" {
		r.Outcome = OutcomeUnknown
		r.AddFlag(FlagOutcomeMissing)
		return
	}
	outcome, known := OutcomeUnknown, false
	if sent.kind == String {
		outcome, known = ParseOutcome(sent.str)
	}
	r.Outcome = outcome
	if !known {
		r.AddFlag(FlagOutcomeUnknown)
	}
	if sent.kind != String || sent.str != outcome {
		r.KeepOriginal("outcome", sent)
	}
}
