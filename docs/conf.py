"""How the site is built: `make docs` writes it to build/docs, and every warning is an error."""

from ppa_assigner import __version__

project = "PPA assigner"
version = release = __version__
html_title = f"{project} {version}"
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False

extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 4  # code and pages cite sections as PAGE.md#heading
copybutton_prompt_text = "$ "

nitpicky = True
html_theme = "furo"  # search, and a dark mode that follows the system or a switch
