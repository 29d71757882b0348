package mutation

// Operator is one way to change what is stored.
type Operator struct {
	Name  string
	Group string
	Does  string // for people
	// need is what the store must have been through.
	need shape
	// own says that the change cannot be undone row by row, so that the seed
	// needs a database of its own.
	own bool
	// apply changes a.im; false says that this store has no place for it.
	apply func(a *attack) bool
	// applyJournal changes a.files, or a.batches; it stands instead of apply.
	applyJournal func(a *attack) bool
	// expect says what verification must make of it, by attacker. What the
	// attacker cannot do better than a weaker one is absent.
	expect [3]*expectation
}

func expects(each ...expectation) [3]*expectation {
	var e [3]*expectation
	for i := range each {
		e[i] = &each[i]
	}
	return e
}

// all says that no attacker does better than another.
func all(e expectation) [3]*expectation { return expects(e, e, e) }

// Operators are all there are, in the order of the table.
func Operators() []Operator {
	var operators []Operator
	for _, group := range [][]Operator{
		contentOperators(), timeOperators(), removalOperators(), insertionOperators(),
		identityOperators(), commitOperators(), rollbackOperators(), epochOperators(), pruneOperators(), journalOperators(), schemaOperators(),
	} {
		operators = append(operators, group...)
	}
	return operators
}
