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

// Tuned are settings in a file: the numbers of the tracker, and what a detector's scores mean.
type Tuned struct {
	Params Params `json:"params"`
	Scores Scores `json:"scores"`
}

// ReadTuned reads settings; what the file does not have is as in [Default].
func ReadTuned(file string) (Tuned, error) {
	t := Tuned{Params: Default()}
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
	if err := t.Params.check(); err != nil {
		return t, fmt.Errorf("read settings %s: %w", file, err)
	}
	return t, nil
}

// check finds a number below 0, which none may be.
func (p Params) check() error {
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		if f := v.Field(i); f.CanFloat() && f.Float() < 0 || f.CanInt() && f.Int() < 0 {
			return fmt.Errorf("%s is %v, want 0 or more", v.Type().Field(i).Tag.Get("json"), f)
		}
	}
	return nil
}
