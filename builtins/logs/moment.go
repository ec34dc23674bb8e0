package logs

import (
	"bytes"
	"time"
)

// moment reads a JSON string that is a time of RFC 3339. The zero time is what is
// none.
func moment(raw []byte) time.Time {
	if at, ok := zulu(raw); ok {
		return at
	}
	s := text(raw)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// zulu reads "2006-01-02T15:04:05.999999Z", which is how the API server writes
// times: of a log each line has one, and time.Parse is slower.
func zulu(raw []byte) (time.Time, bool) {
	const form = `"0000-00-00T00:00:00`
	if len(raw) < len(form)+2 || !bytes.HasSuffix(raw, []byte(`Z"`)) {
		return time.Time{}, false
	}
	for i := range form {
		digit := raw[i] >= '0' && raw[i] <= '9'
		if form[i] == '0' != digit || form[i] != '0' && raw[i] != form[i] {
			return time.Time{}, false
		}
	}
	nanos, rest := 0, raw[len(form):len(raw)-2]
	if len(rest) > 0 {
		if rest[0] != '.' || len(rest) > 10 || len(rest) < 2 {
			return time.Time{}, false
		}
		for i := 1; i < 10; i++ {
			nanos *= 10
			if i < len(rest) {
				if rest[i] < '0' || rest[i] > '9' {
					return time.Time{}, false
				}
				nanos += int(rest[i] - '0')
			}
		}
	}
	two := func(i int) int { return int(raw[i]-'0')*10 + int(raw[i+1]-'0') }
	year, month, day := two(1)*100+two(3), two(6), two(9)
	if month < 1 || month > 12 || day < 1 || day > 31 || two(12) > 23 || two(15) > 59 || two(18) > 59 {
		return time.Time{}, false
	}
	at := time.Date(year, time.Month(month), day, two(12), two(15), two(18), nanos, time.UTC)
	return at, at.Day() == day
}

// stamp writes a time as [audit.Facts] wants it: whole seconds, "" for none.
func stamp(at time.Time) string {
	if at.IsZero() || at.Year() > 9999 || at.Year() < 1 {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// seconds is a time in seconds since 1970, or in thousandths of them.
func seconds(n int64) time.Time {
	switch {
	case n <= 0 || n > 1<<53:
		return time.Time{}
	case n > 1e11:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}
