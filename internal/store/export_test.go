package store

// WithoutLocks takes the tenants' locks out of a writer, to see that the tables
// alone prevent a fork.
func (w *Writer) WithoutLocks() {
	w.sql.lock = "SELECT k FROM unnest($2::int4[]) AS k WHERE $1::int4 IS NOT NULL"
}

// Careless makes a writer write without asking first what is stored already.
func (w *Writer) Careless() { w.careful = 0 }

// IsCareful reports whether the next transaction asks what is stored already.
func (w *Writer) IsCareful() bool { return w.careful > 0 }
