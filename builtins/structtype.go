package builtins

import (
	"reflect"
	"strings"

	"github.com/open-policy-agent/opa/v1/types"
)

// typeFor is the closed type of what encoding/json makes of a T, so that a model
// and its type cannot differ. T holds no interfaces and does not hold itself.
func typeFor[T any]() types.Type { return typeOfGo(reflect.TypeFor[T]()) }

func typeOfGo(t reflect.Type) types.Type {
	switch t.Kind() {
	case reflect.Bool:
		return types.B
	case reflect.String:
		return types.S
	case reflect.Slice:
		return list(typeOfGo(t.Elem()))
	case reflect.Map:
		return mapOf(typeOfGo(t.Elem()))
	case reflect.Pointer:
		return typeOfGo(t.Elem())
	case reflect.Struct:
		return types.NewObject(propertiesOf(t), nil)
	}
	return types.N
}

// propertiesOf are the fields as JSON has them: those of an embedded struct stand
// among the others.
func propertiesOf(t reflect.Type) (out []*types.StaticProperty) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			out = append(out, propertiesOf(f.Type)...)
		case !f.IsExported() || name == "-":
		default:
			out = append(out, types.NewStaticProperty(name, typeOfGo(f.Type)))
		}
	}
	return out
}
