package setting

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

const fileSuffix = "_FILE"

// decoder parses the text of a setting. Its error says what to write.
type decoder interface{ Decode(text string) error }

// bounded is a kind of setting that supports the tags min and max.
type bounded interface {
	within(least, most string) error
}

// Read reads the environment into the exported fields of the struct that s points to. It
// panics if a field is not a setting, since it would never be read.
func Read(s any) Faults {
	var faults Faults
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		name := field.Tag.Get("envconfig")
		kind, ok := v.Field(i).Addr().Interface().(decoder)
		if name == "" || !ok {
			panic(fmt.Sprintf("%s.%s has no tag envconfig, or is of no kind of setting", v.Type(), field.Name))
		}
		read(&faults, name, field, kind)
	}
	return faults
}

func read(faults *Faults, name string, field reflect.StructField, kind decoder) {
	text, set := os.LookupEnv(name)
	if set && strings.TrimSpace(text) == "" {
		faults.Add(name, "it is set but empty: unset it, or give it a value")
		return
	}
	if file, named := os.LookupEnv(name + fileSuffix); named && isFile(field) {
		readFile(faults, name, file, set, kind)
		return
	}
	if !set && field.Tag.Get("default") == "" {
		return
	}
	err := process(field, kind)
	if b, ok := kind.(bounded); ok && err == nil {
		err = b.within(field.Tag.Get("min"), field.Tag.Get("max"))
	}
	if err != nil {
		faults.Add(name, "%v", err)
	}
}

// process reads one field with envconfig, from the environment or from its default.
// envconfig gets one field at a time, since it stops at the first error.
func process(field reflect.StructField, kind decoder) error {
	one := reflect.New(reflect.StructOf([]reflect.StructField{field}))
	err := envconfig.Process("", one.Interface())
	if parse, ok := errors.AsType[*envconfig.ParseError](err); ok {
		return parse.Err
	}
	if err != nil {
		return fmt.Errorf("it cannot be read: %w", err)
	}
	reflect.ValueOf(kind).Elem().Set(one.Elem().Field(0))
	return nil
}

// isFile says whether a setting can be read from a file.
func isFile(field reflect.StructField) bool {
	return field.Type == reflect.TypeFor[Secret]() || field.Tag.Get("file") == "true"
}

// Names are the variables of the struct that s points to, including those of files.
func Names(s any) (names []string) {
	t := reflect.TypeOf(s).Elem()
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("envconfig")
		if name == "" {
			continue
		}
		names = append(names, name)
		if isFile(t.Field(i)) {
			names = append(names, name+fileSuffix)
		}
	}
	return names
}

// Print writes every setting as NAME=value, with secrets masked.
func Print(s any) string {
	var out strings.Builder
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("envconfig"); name != "" {
			fmt.Fprintf(&out, "%s=%v\n", name, v.Field(i).Interface())
		}
	}
	return out.String()
}
