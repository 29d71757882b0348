package merkle

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// MaxSize is the largest number of entries of a log: the largest integer that
// every reader of JSON agrees on, and no size that can overflow.
const MaxSize = 1<<53 - 1

func sizeText(size int64) string { return strconv.FormatInt(size, 10) }

func parseSize(text string, size *int64) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > MaxSize || sizeText(n) != text {
		return fmt.Errorf("size %q is not a number of entries", cut(text))
	}
	*size = n
	return nil
}

func hashText(hash *Hash) string { return base64.StdEncoding.EncodeToString(hash[:]) }

func parseHash(text string, hash *Hash) error {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != sha256.Size || base64.StdEncoding.EncodedLen(len(b)) != len(text) {
		return errors.New("the root is not base64 of 32 bytes")
	}
	copy(hash[:], b)
	return nil
}

// TimeLayout is how a time in UTC stands under a signature and in everything that
// is compared with it: always six digits of fraction, so one time has one text.
const TimeLayout = "2006-01-02T15:04:05.000000Z"

// TimeText is a time in TimeLayout.
func TimeText(at time.Time) string { return at.UTC().Format(TimeLayout) }

func parseTime(text string, at *time.Time) error {
	t, err := time.Parse(TimeLayout, text)
	if err != nil || t.IsZero() || TimeText(t) != text {
		return fmt.Errorf("%q is not a time in UTC to the microsecond", cut(text))
	}
	*at = t
	return nil
}

// cut keeps an error short, whatever was read.
func cut(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
