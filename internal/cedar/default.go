package cedar

import (
	"embed"
	"io/fs"
)

//go:embed bundle
var bundled embed.FS

// Default is the policy that Stead starts with, by file name. It is what a support team would begin from: read it,
// copy it, and make it yours.
func Default() map[string]string {
	files := map[string]string{}
	err := fs.WalkDir(bundled, "bundle", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := bundled.ReadFile(name)
		files[name[len("bundle/"):]] = string(text)
		return err
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
	return files
}
