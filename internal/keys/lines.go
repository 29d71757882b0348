package keys

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxLineBytes is far more than any key needs.
const maxLineBytes = 4096

// Keys are text without anything that an editor adds on the way.
var (
	errByteOrderMark = errors.New("it begins with a byte order mark: save it as UTF-8 without one")
	errCarriage      = errors.New("a carriage return: save it with the line ends of Unix")
	errLongLine      = fmt.Errorf("the line has more than %d bytes", maxLineBytes)
	errControl       = errors.New("a control character, or not UTF-8")
)

// eachLine calls do with each line that is neither empty nor a comment, without
// blanks around it. Errors name the line, never what stands there.
func eachLine(text []byte, do func(line string) error) error {
	if len(text) > maxFileBytes {
		return fmt.Errorf("larger than %d bytes", maxFileBytes)
	}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		return errByteOrderMark
	}
	number := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		number++
		err := checkLine(line)
		if line = strings.Trim(line, " \t"); err == nil && line != "" && line[0] != '#' {
			err = do(line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

func checkLine(line string) error {
	switch {
	case len(line) > maxLineBytes:
		return errLongLine
	case strings.Contains(line, "\r"):
		return errCarriage
	case !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return errControl
	}
	return nil
}

// cut keeps an error short, whatever was read.
func cut(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
