package store

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Class is what to do about a failed write.
type Class uint8

const (
	// ClassRetry is everything that may be over later: the same events, again.
	// It is the default, because a wrong guess here costs time and a wrong guess
	// elsewhere costs evidence.
	ClassRetry Class = iota
	// ClassRestart is a race with another writer that a new transaction wins: a
	// bounded number of times at once, after that as ClassData.
	ClassRestart
	// ClassMonth is a month without a partition: make it, then start again.
	ClassMonth
	// ClassData is a record PostgreSQL will never take: halve the batch until it
	// stands alone.
	ClassData
)

// String returns the name of the class, for messages.
func (c Class) String() string {
	switch c {
	case ClassRestart:
		return "restart"
	case ClassMonth:
		return "month"
	case ClassData:
		return "data"
	default:
		return "retry"
	}
}

// Classify says what to do about a failed write. This file is the
// only place that decides by SQLSTATE. Errors that are not PostgreSQL's are ClassRetry.
func Classify(err error) Class {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return ClassRetry
	}
	switch code := pgErr.Code; {
	case code == "23505":
		return ClassRestart
	case code == "23514" && pgErr.ConstraintName == "", code == "42P01" && strings.Contains(pgErr.Message, partitionPrefix):
		// A partition's bounds are a check without a name. The month may have
		// turned between reading the clock and COPY.
		return ClassMonth
	case code == "23502", code == "23514", code == "54000", code == "54001", strings.HasPrefix(code, "22"):
		return ClassData
	}
	return ClassRetry
}

// Unreachable reports whether a write failed because no session could be had or
// kept, so that another session that works shows it to be over.
func Unreachable(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return true
	}
	for _, class := range []string{"08", "28", "3D", "533", "57P"} {
		if strings.HasPrefix(pgErr.Code, class) {
			return true
		}
	}
	return false
}

// losesNames reports whether a named statement was not there or was there
// already: another server connection answers than the one that was told.
func losesNames(err error) bool {
	code := SQLState(err)
	return code == "26000" || code == "42P05"
}

// SQLState returns PostgreSQL's code for an error, "" where there is none.
func SQLState(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code
	}
	return ""
}
