package recipe

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"strings"
)

// Set changes one setting, such as Set("rate", "0.01") or Set("widths", "[32,64]"). It fails on a name that is no setting and on
// a value of the wrong kind; what makes no sense is found by [Settings.Check]. Set("loss.margin", "0.3") changes one of several
// numbers with names: those of the loss, and rates, momentum and l2 of layers.
func (s *Settings) Set(key, value string) error {
	name, entry, isEntry := strings.Cut(key, ".")
	var names []string
	for known, field := range s.all() {
		switch {
		case known == key:
			return set(field, key, value)
		case isEntry && known == name && field.Kind() == reflect.Map:
			return setEntry(field, entry, key, value)
		}
		names = append(names, known)
	}
	return fmt.Errorf("unknown setting %q: want one of %s", key, strings.Join(names, ", "))
}

// all are the settings by name, in the order in which people read them. Changing one changes s, but no copy of s.
func (s *Settings) all() iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		fields := reflect.ValueOf(s).Elem()
		for i := range fields.NumField() {
			group := fields.Field(i)
			if group.Kind() == reflect.Interface && !group.IsNil() {
				own := reflect.New(group.Elem().Type()).Elem()
				own.Set(group.Elem())
				defer group.Set(own)
				group = own
			}
			for j := range group.NumField() {
				if !yield(group.Type().Field(j).Tag.Get("json"), group.Field(j)) {
					return
				}
			}
		}
	}
}

// set gives one field a value written as JSON; text may also stand without quotes.
func set(field reflect.Value, key, value string) error {
	raw := []byte(value)
	if field.Kind() == reflect.String && !json.Valid(raw) {
		raw, _ = json.Marshal(value) // a string always encodes
	}
	changed := reflect.New(field.Type())
	if err := json.Unmarshal(raw, changed.Interface()); err != nil || string(raw) == "null" {
		return fmt.Errorf("setting %s=%s: want %s", key, value, wanted(field.Type()))
	}
	field.Set(changed.Elem())
	return nil
}

// setEntry changes one number of a field that has several.
func setEntry(field reflect.Value, entry, key, value string) error {
	var v float64
	if err := set(reflect.ValueOf(&v).Elem(), key, value); err != nil {
		return err
	}
	changed := reflect.MakeMap(field.Type()) // recipes share theirs
	for old := range field.Seq() {
		changed.SetMapIndex(old, field.MapIndex(old))
	}
	changed.SetMapIndex(reflect.ValueOf(entry), reflect.ValueOf(v))
	field.Set(changed)
	return nil
}

// wanted says what a setting of some type takes.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[ByLayer]():
		return `a number, or numbers by layer such as {"dense":0.3}`
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "a list of whole numbers such as [32,64]"
	case t.Kind() == reflect.Map:
		return `numbers by name such as {"margin":0.3}`
	}
	return "a word"
}

// String lists the settings that are not empty as [Settings.Set] takes them: "encoder=koch pairs=128 …".
func (s Settings) String() string {
	var list []string
	for name, value := range s.encoded() {
		list = append(list, name+"="+strings.Trim(value, `"`))
	}
	return strings.Join(list, " ")
}

// encoded are the settings that are not empty, as JSON.
func (s Settings) encoded() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, field := range s.all() {
			if field.IsZero() {
				continue
			}
			value, _ := json.Marshal(field.Interface()) // numbers, words, lists and maps of numbers always encode
			if !yield(name, string(value)) {
				return
			}
		}
	}
}

// MarshalJSON writes one object with the settings that are not empty.
func (s Settings) MarshalJSON() ([]byte, error) {
	raw := make(map[string]json.RawMessage)
	for name, value := range s.encoded() {
		raw[name] = json.RawMessage(value)
	}
	return json.Marshal(raw)
}

// Setting is one setting in words.
type Setting struct {
	Name  string
	Value string // as [Settings.Set] takes it; "" when empty
	Wants string // such as "a whole number"
}

// List lists all settings, in the order in which people read them.
func (s Settings) List() (list []Setting) {
	for name, field := range s.all() {
		one := Setting{Name: name, Wants: wanted(field.Type())}
		if !field.IsZero() {
			value, _ := json.Marshal(field.Interface()) // numbers, words, lists and maps of numbers always encode
			one.Value = strings.Trim(string(value), `"`)
		}
		list = append(list, one)
	}
	return list
}
