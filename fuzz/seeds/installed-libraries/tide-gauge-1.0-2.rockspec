package = "tide-gauge"
version = "1.0-2"
source = { url = "git+https://example.invalid/tide-gauge.git" }
description = {
   summary = "Fixture of Tidewaiter",
   license = "MIT/X11"
}
dependencies = { "lua >= 5.1" }
build = { type = "builtin", modules = { ["tide.gauge"] = "gauge.lua" } }
