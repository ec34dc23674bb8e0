package page

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// cleaned returns a copy in which every string is safe to show. It goes through all
// fields, so that no template has to think of it, and no new field is forgotten.
func cleaned(r *report.Report) *report.Report {
	return copied(reflect.ValueOf(r)).Interface().(*report.Report)
}

func copied(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(clean(v.String()))
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		if inner := copied(v.Elem()); v.Kind() == reflect.Interface {
			out.Set(inner)
		} else {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(inner)
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = reflect.Append(out, copied(v.Index(i)))
		}
	case reflect.Map:
		out.Set(reflect.MakeMap(v.Type()))
		for _, key := range sortedKeys(v) {
			out.SetMapIndex(copied(key), copied(v.MapIndex(key)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(copied(v.Field(i)))
		}
	default:
		return v
	}
	return out
}

// sortedKeys decides which of two keys wins that are the same once they are clean.
func sortedKeys(m reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(m.MapKeys()), func(a, b reflect.Value) int {
		return cmp.Compare(a.String(), b.String())
	})
}

// clean keeps the lines of messages and snippets: a line feed moves nothing in HTML.
func clean(text string) string {
	if !strings.ContainsAny(text, "\n\t") {
		return render.Clean(text)
	}
	lines := strings.Split(strings.ReplaceAll(text, "\t", "    "), "\n")
	for i, line := range lines {
		lines[i] = render.Clean(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}
