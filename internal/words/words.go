// Package words writes numbers of things for people.
package words

import (
	"fmt"
	"strings"
)

// Counted is a number of things, "1 event" or "2 entries", by the word for one.
func Counted[N int | int64](n N, one string) string {
	return fmt.Sprintf("%d %s", n, Form(n == 1, one))
}

// Form is the word for one thing, or made of it that for several.
func Form(single bool, one string) string {
	stem, y := strings.CutSuffix(one, "y")
	switch {
	case single:
		return one
	case y && stem != "" && !strings.ContainsAny(stem[len(stem)-1:], "aeou"): // days, keys
		return stem + "ies"
	}
	return one + "s"
}
