package tool

// download reads curl and wget for passwords that are written out. Those in
// variables are in the arguments too, but what they open is no image.
func download(r reader) Effect {
	e := Effect{Known: true}
	for i := 1; i+1 < len(r.Args); i++ {
		switch flag, value := r.Args[i], r.Args[i+1]; flag {
		case "-u", "--user":
			if j := indexOutside(value, ':'); j >= 0 && j+1 < len(value) && !symbolic(value[j:]) {
				e.Secrets = append(e.Secrets, r.credentials(value, flag)...)
			}
		}
	}
	return e
}
