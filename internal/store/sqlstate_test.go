package store_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"

	"github.com/otelaudit/otelaudit/internal/store"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	classes := map[store.Class][]pgconn.PgError{
		store.ClassRestart: {{Code: "23505", ConstraintName: "audit_event_ids_pkey"}},
		store.ClassMonth: {
			{Code: "23514", Message: `new row for relation "audit_events_2026_11" violates partition constraint`},
			{Code: "42P01", Message: `relation "public.audit_events_2026_12" does not exist`},
		},
		store.ClassData: {
			{Code: "22021"},
			{Code: "22P02"},
			{Code: "22P05"},
			{Code: "22003"},
			{Code: "23502"},
			{Code: "23514", ConstraintName: "audit_events_outcome"},
			{Code: "54000"},
			{Code: "54001"},
		},
		store.ClassRetry: {
			{Code: "08006"},
			{Code: "40001"},
			{Code: "40P01"},
			{Code: "53100"},
			{Code: "53300"},
			{Code: "55P03"},
			{Code: "57P01"},
			{Code: "57014"},
			{Code: "58030"},
			{Code: "25006"},
			{Code: "28P01"},
			{Code: "3D000"},
			{Code: "42501"},
			{Code: "42703"},
			{Code: "42883"},
			{Code: "42P01", Message: `relation "public.audit_commits" does not exist`},
			{Code: "XX000"},
			{Code: "25P02"},
		},
	}
	for class, list := range classes {
		for _, pgErr := range list {
			assert.Equal(t, class, store.Classify(fmt.Errorf("wrapped: %w", &pgErr)), "%s %s", pgErr.Code, pgErr.Message)
		}
	}
	assert.Equal(t, store.ClassRetry, store.Classify(io.ErrUnexpectedEOF))
	assert.Equal(t, store.ClassRetry, store.Classify(nil))
}

// A message of a data error quotes the data.
func TestExplainQuotesNothing(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"22P02", "22021", "23505", "23514", "54000"} {
		text := store.Explain(&pgconn.PgError{Code: code, ConstraintName: "c", Message: `invalid "hunter2"`, Detail: "Key (id)=(hunter2)"})
		assert.NotContains(t, text, "hunter2", code)
		assert.Contains(t, text, code)
		assert.NotContains(t, store.ExplainRejection(code), "hunter2")
	}
	for wanted, err := range map[string]error{
		"53100":      &pgconn.PgError{Code: "53100", Message: "could not extend file: No space left on device"},
		"migrate up": &pgconn.PgError{Code: "42P01", Message: `relation "x" does not exist`},
		"password":   &pgconn.PgError{Code: "28P01", Message: "password authentication failed"},
		"boom":       errors.New("boom"),
	} {
		assert.Contains(t, store.Explain(err), wanted)
	}
}
