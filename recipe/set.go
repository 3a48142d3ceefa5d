package recipe

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
)

// Set changes one setting, such as Set("rate", "0.01") or Set("widths", "[32,64]"). It fails on a name that is no setting and on
// a value of the wrong kind; what makes no sense is found by [Settings.Check]. Set("loss.margin", "0.3") changes one number of the
// loss.
func (s *Settings) Set(key, value string) error {
	if name, number := strings.CutPrefix(key, "loss."); number {
		return s.setLoss(name, value)
	}
	fields := reflect.ValueOf(s).Elem()
	var names []string
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
		if name == key {
			return set(fields.Field(i), key, value)
		}
		names = append(names, name)
	}
	return fmt.Errorf("unknown setting %q: want one of %s", key, strings.Join(names, ", "))
}

func (s *Settings) setLoss(name, value string) error {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return fmt.Errorf("setting loss.%s=%s: want a number", name, value)
	}
	changed := maps.Clone(s.Loss) // recipes share theirs
	if changed == nil {
		changed = make(map[string]float64)
	}
	changed[name] = v
	s.Loss = changed
	return nil
}

// String lists the settings that are not empty as [Settings.Set] takes them: "encoder=koch pairs=128 …".
func (s Settings) String() string {
	fields := reflect.ValueOf(s)
	var list []string
	for i := range fields.NumField() {
		if field := fields.Field(i); !field.IsZero() {
			name, _, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
			value, _ := json.Marshal(field.Interface()) // numbers, words and lists always encode
			list = append(list, name+"="+strings.Trim(string(value), `"`))
		}
	}
	return strings.Join(list, " ")
}

// set gives one field a value written as JSON; text may also stand without quotes.
func set(field reflect.Value, key, value string) error {
	raw := []byte(value)
	if field.Kind() == reflect.String && !json.Valid(raw) {
		raw, _ = json.Marshal(value) // a string always encodes
	}
	changed := reflect.New(field.Type())
	if err := json.Unmarshal(raw, changed.Interface()); err != nil || string(raw) == "null" {
		return fmt.Errorf("setting %s=%s: want %s", key, value, wanted(field.Kind()))
	}
	field.Set(changed.Elem())
	return nil
}

// wanted says what a setting of some kind takes.
func wanted(kind reflect.Kind) string {
	switch kind {
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list of whole numbers such as [32,64]"
	case reflect.Map:
		return `numbers by name such as {"margin":0.3}`
	}
	return "a word"
}
