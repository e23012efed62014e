"""Programs of the graphics processor, in OpenGL's shading language."""

VERTEX_SHADER = """
#version 330
uniform mat4 clip;
uniform mat4 shadow_clip;
in vec3 position;
in vec3 normal;
in vec2 uv;
out vec3 place;
out vec3 bent;
out vec2 texture_place;
out vec3 shadow_place;
invariant gl_Position;
void main() {
    place = position;
    bent = normal;
    texture_place = uv;
    shadow_place = (shadow_clip * vec4(position, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = clip * vec4(position, 1.0);
}
"""

# Light that enters skin comes out again a little farther, red light farthest: the border between light and
# shade is soft and reddish. `wrap` widens the cosine for it.
FRAGMENT_SHADER = """
#version 330
uniform sampler2D colour;
uniform sampler2D shadow_map;
uniform vec3 camera_place;
uniform vec3 light_direction[2];
uniform vec3 light_colour[2];
uniform vec3 sky;
uniform vec3 ground;
uniform vec3 tint;
uniform vec3 wrap;
uniform float gloss;
uniform float sharpness;
uniform float opacity;
uniform float shadow_strength;
in vec3 place;
in vec3 bent;
in vec2 texture_place;
in vec3 shadow_place;
out vec4 shown;

float lit_by_first() {
    float open = 0.0;
    for (int x = 0; x <= 1; x++) {
        for (int y = 0; y <= 1; y++) {
            vec2 at = shadow_place.xy + (vec2(x, y) - 0.5) * 2.5 / 512.0;
            open += texture(shadow_map, at).r + 0.012 > shadow_place.z ? 0.25 : 0.0;
        }
    }
    return 1.0 - shadow_strength * (1.0 - open);
}

void main() {
    vec3 albedo = pow(texture(colour, texture_place).rgb, vec3(2.2)) * tint;
    vec3 eye = normalize(camera_place - place);
    vec3 n = normalize(bent);
    if (dot(n, eye) < 0.0 && !gl_FrontFacing) n = -n;
    vec3 light = mix(ground, sky, 0.5 + 0.5 * n.y);
    vec3 shine = vec3(0.0);
    for (int i = 0; i < 2; i++) {
        float cosine = dot(n, light_direction[i]);
        float open = i == 0 ? lit_by_first() : 1.0;
        vec3 soft = clamp((vec3(cosine) + wrap) / (1.0 + wrap), 0.0, 1.0);
        light += light_colour[i] * soft * open;
        vec3 half_way = normalize(light_direction[i] + eye);
        float mirrored = pow(max(dot(n, half_way), 0.0), sharpness) * (sharpness + 8.0) / 25.0;
        float fresnel = 0.04 + 0.96 * pow(1.0 - max(dot(half_way, eye), 0.0), 5.0);
        shine += light_colour[i] * max(cosine, 0.0) * mirrored * fresnel * open;
    }
    vec3 seen = albedo * light + gloss * shine;
    shown = vec4(pow(clamp(seen, 0.0, 1.0), vec3(1.0 / 2.2)) * opacity, opacity);
}
"""

SHADOW_VERTEX_SHADER = """
#version 330
uniform mat4 clip;
in vec3 position;
invariant gl_Position;
void main() { gl_Position = clip * vec4(position, 1.0); }
"""
SHADOW_FRAGMENT_SHADER = """
#version 330
void main() {}
"""
