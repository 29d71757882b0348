package record

import (
	"math"
	"strconv"
)

// MaxSafeInteger is 2^53−1, the largest integer up to which every integer is a
// double (RFC 7493, section 2.2). Larger ones become decimal text.
const MaxSafeInteger = 1<<53 - 1

// FloatValue returns f under the value rules: NaN and the infinities become
// the strings "NaN", "Infinity" and "-Infinity", −0 becomes 0, and a whole
// number beyond ±(2^53−1) that RFC 8785 would write with all its digits becomes
// decimal text, as the same number sent as an integer does. asText reports that
// the result is text.
func FloatValue(f float64) (v Value, asText bool) {
	switch {
	case math.IsNaN(f):
		return StringValue("NaN"), true
	case math.IsInf(f, 1):
		return StringValue("Infinity"), true
	case math.IsInf(f, -1):
		return StringValue("-Infinity"), true
	case f == 0:
		return NumberValue(0), false
	}
	if abs := math.Abs(f); abs > MaxSafeInteger && abs < 1e21 {
		return StringValue(strconv.FormatFloat(f, 'f', 0, 64)), true
	}
	return NumberValue(f), false
}

// IntValue returns i under the value rules: beyond ±(2^53−1) it becomes decimal
// text, which asText reports.
func IntValue(i int64) (v Value, asText bool) {
	if i > MaxSafeInteger || i < -MaxSafeInteger {
		return StringValue(strconv.FormatInt(i, 10)), true
	}
	return NumberValue(float64(i)), false
}

// appendNumber writes f as ECMAScript does (RFC 8785, section 3.2.2.3). What
// JSON cannot say is written as the string the value rules would have made.
func appendNumber(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	switch {
	case abs <= MaxSafeInteger && f == math.Trunc(f):
		return strconv.AppendInt(dst, int64(f), 10)
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go pads the exponent to two digits, ECMAScript does not.
	if n := len(dst); n >= 4 && dst[n-4] == 'e' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
