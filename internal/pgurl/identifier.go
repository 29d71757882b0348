package pgurl

import (
	"fmt"
	"regexp"
	"strings"
)

// PostgreSQL cuts names at 63 bytes in silence, and the role prefix needs room
// for the longest name behind it.
const (
	maxSchemaBytes     = 63
	maxRolePrefixBytes = 63 - len("operator")
)

// An identifier is also put into string literals of SQL, so this pattern is what
// makes that safe.
var identifier = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// CheckSchema reports why a schema cannot hold the audit tables. Everything that
// names one asks it, so that what one program makes the others can use. The
// error begins with the quoted name.
func CheckSchema(name string) error { return checkIdentifier(name, maxSchemaBytes) }

// CheckRolePrefix reports why the names of the group roles cannot begin so. The
// error begins with the quoted prefix.
func CheckRolePrefix(prefix string) error { return checkIdentifier(prefix, maxRolePrefixBytes) }

func checkIdentifier(name string, longest int) error {
	switch {
	case !identifier.MatchString(name):
		return fmt.Errorf("%q: want lower-case letters, digits and underscores, not beginning with a digit", name)
	case len(name) > longest:
		return fmt.Errorf("%q is longer than %d bytes", name, longest)
	case strings.HasPrefix(name, "pg_"):
		return fmt.Errorf("%q: names beginning with pg_ belong to PostgreSQL", name)
	}
	return nil
}
