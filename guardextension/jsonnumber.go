package guardextension

// number is how far a JSON number has come.
type number uint8

const (
	numberBegins number = iota
	numberMinus
	numberZero
	numberInteger
	numberPoint
	numberFraction
	numberExponent
	numberSign
	numberPower
	numberEnds // before the byte in question
)

// after is the state after one more byte.
func (n number) after(b byte) number {
	switch n {
	case numberBegins:
		if b == '-' {
			return numberMinus
		}
		return firstDigit(b)
	case numberMinus:
		return firstDigit(b)
	case numberZero, numberInteger:
		switch {
		case n == numberInteger && isDigit(b):
			return numberInteger
		case b == '.':
			return numberPoint
		case b == 'e', b == 'E':
			return numberExponent
		}
	case numberPoint, numberFraction:
		switch {
		case isDigit(b):
			return numberFraction
		case n == numberFraction && (b == 'e' || b == 'E'):
			return numberExponent
		}
	case numberExponent:
		if b == '+' || b == '-' {
			return numberSign
		}
		return power(b)
	case numberSign, numberPower:
		return power(b)
	default:
	}
	return numberEnds
}

// complete reports whether a number may end here.
func (n number) complete() bool {
	return n == numberZero || n == numberInteger || n == numberFraction || n == numberPower
}

func firstDigit(b byte) number {
	switch {
	case b == '0':
		return numberZero
	case isDigit(b):
		return numberInteger
	default:
		return numberEnds
	}
}

func power(b byte) number {
	if isDigit(b) {
		return numberPower
	}
	return numberEnds
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
