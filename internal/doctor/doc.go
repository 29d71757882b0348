// Package doctor is what the checks of an installation have in common: a check
// with its id, what it looks at and which findings it gives; and the report that
// collects them. What is looked at is the packages' below: configuration files,
// the database and the data in it.
//
// It knows neither files nor databases; a kind of check brings its own subject:
//
//	probes := []doctor.Probe[*Subject]{{Check: doctor.Check{ID: …}, Look: …}}
//	doctor.Run(ctx, report, choice, probes, subject)
package doctor
