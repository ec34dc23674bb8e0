package jenkins

import (
	"reflect"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/shell"
)

// resolve puts what the variables that stand for marks mean into all texts of an
// outcome: where a script quotes them, the shell leaves them as they are.
func resolve(out *shell.Outcome, aliases map[string]string) {
	if len(aliases) == 0 {
		return
	}
	var pairs []string
	for name, text := range aliases {
		pairs = append(pairs, "${"+name+"}", text)
	}
	out.Reads = slices.DeleteFunc(out.Reads, func(name string) bool { return strings.HasPrefix(name, shellPrefix) })
	replaceAll(reflect.ValueOf(out).Elem(), strings.NewReplacer(pairs...))
}

func replaceAll(v reflect.Value, by *strings.Replacer) {
	switch v.Kind() {
	case reflect.String:
		if text := v.String(); strings.Contains(text, shellPrefix) {
			v.SetString(by.Replace(text))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			replaceAll(v.Field(i), by)
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceAll(v.Index(i), by)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			text := v.MapIndex(key)
			if text.Kind() == reflect.String && strings.Contains(text.String(), shellPrefix) {
				v.SetMapIndex(key, reflect.ValueOf(by.Replace(text.String())))
			}
		}
	}
}
