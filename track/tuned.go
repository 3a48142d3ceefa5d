package track

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
)

// Tuned are settings in a file: the numbers of the tracker, or of the whole video, and what a detector's scores mean.
type Tuned struct {
	Params  Params   `json:"params"`
	Scores  Scores   `json:"scores"`
	Offline *Offline `json:"offline,omitempty"` // of the whole video, where they were tuned
}

// ReadTuned reads settings; what the file does not have is as in [Default] and [DefaultOffline].
func ReadTuned(file string) (Tuned, error) {
	whole := DefaultOffline()
	t := Tuned{Params: Default(), Offline: &whole}
	data, err := os.ReadFile(file)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return t, fmt.Errorf("read settings %s: %w", file, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return t, fmt.Errorf("read settings %s: %w; siam track tune writes such files", file, err)
	}
	if err := checkNumbers(t.Params); err != nil {
		return t, fmt.Errorf("read settings %s: %w", file, err)
	}
	if !bytes.Contains(data, []byte(`"offline"`)) {
		t.Offline = nil
	}
	if t.Offline != nil {
		if err := checkNumbers(*t.Offline); err != nil {
			return t, fmt.Errorf("read settings %s: offline: %w", file, err)
		}
	}
	return t, nil
}

// checkNumbers finds a number below 0, which none may be.
func checkNumbers(settings any) error {
	v := reflect.ValueOf(settings)
	for i := range v.NumField() {
		if f := v.Field(i); f.CanFloat() && f.Float() < 0 || f.CanInt() && f.Int() < 0 {
			return fmt.Errorf("%s is %v, want 0 or more", v.Type().Field(i).Tag.Get("json"), f)
		}
	}
	return nil
}
