package record

// SettleTime gives a record without a time the observed time, or, where that
// is missing too, the arrival time (nanoseconds since 1970 UTC), and flags it.
// A record that has a time is left alone, so a second processor changes nothing.
func (r *Record) SettleTime(arrivalUnixNano int64) {
	switch {
	case r.TimeUnixNano != 0:
	case r.ObservedTimeUnixNano != 0:
		r.TimeUnixNano = r.ObservedTimeUnixNano
		r.AddFlag(FlagTimeObserved)
	default:
		r.TimeUnixNano = arrivalUnixNano
		r.AddFlag(FlagTimeArrival)
	}
}
